"""What a person is told: messages and results, progress, the history of a run."""
