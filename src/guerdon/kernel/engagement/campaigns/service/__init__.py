"""What campaigns do: ``managing`` writes and ends them, ``reading`` shows them, ``boosting`` applies them."""
