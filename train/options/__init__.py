"""What decides a training run, documented field by field; loads neither torch nor a trainer."""
