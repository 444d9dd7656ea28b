"""What decides a training run, or a merge, documented field by field; loads neither torch nor a trainer."""
