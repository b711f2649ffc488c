"""What senders and administrators do with alerts that come in, for programs."""
