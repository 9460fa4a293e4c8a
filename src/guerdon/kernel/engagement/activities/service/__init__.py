"""What activities do: ``recording`` takes facts, ``withdrawing`` takes them back, ``rebuilding`` counts anew,
``following`` and ``boosting`` are where streaks, badges, boards and campaigns come in.
"""
