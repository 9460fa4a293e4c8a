"""What the credits program does, by what it is about.

``valuing`` works out credits, ``submitting`` is the member's part, ``reviewing`` staff's, ``reading`` lists and
standing, ``photos``, ``currencies``, ``importing``, ``exporting`` and ``archiving`` the rest.
"""
