"""What every page shares: layout, components, forms, charts, languages, static files."""
