"""A reading club on Guerdon: the worked example of the guide for program writers."""
