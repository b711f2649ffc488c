"""Shape and wording of what is said about people, teams, roles and tokens."""
