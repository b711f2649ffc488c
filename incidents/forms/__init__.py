"""Shape and wording of what people type, by subject."""
