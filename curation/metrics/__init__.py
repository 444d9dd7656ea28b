"""How good, how sure, how much forgotten: text metrics, intervals and the measures of continual learning."""
