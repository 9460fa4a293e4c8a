"""What streaks do.

``definitions`` knows what streaks there are, ``following`` advances them as activities are recorded, ``recomputing``
works one out from the beginning, ``reading`` tells where members stand, ``pauses`` and ``pardons`` are what members and
staff do for one, ``changing`` is for staff who change the numbers, ``reminding`` tells members before one breaks.
"""
