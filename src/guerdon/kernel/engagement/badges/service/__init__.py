"""What badges do.

``definitions`` knows what badges there are, ``defining`` changes them, ``counting`` tells how far members have come,
``following`` awards as activities are recorded, ``awarding`` writes levels and rewards, ``backfilling`` gives a badge
to who meets it already, ``reading`` is for showing, ``keys`` and ``credentials`` sign what members take with them.
"""
