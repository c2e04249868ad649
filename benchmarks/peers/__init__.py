"""What a user would pick instead of the batched methods, and the machine's limit."""
