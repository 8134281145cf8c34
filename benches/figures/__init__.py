"""From results to figures: the README's table, its picture, the report, and the gate."""
