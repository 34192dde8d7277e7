"""What is recognized of single parts of a stack."""
