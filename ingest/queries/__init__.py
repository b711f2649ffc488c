"""Reading what rules did, and the alerts that rules are tried on."""
