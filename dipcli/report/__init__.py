"""What is said to a person: messages and results, progress, the history of a run."""
