"""What a model knows before and after, and what that says of learning and forgetting."""
