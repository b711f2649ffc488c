"""Measurements: `make bench`. Each is a ratio to a floor that is measured in the same run, turn by turn, because times
alone say more about the machine than about the program."""
