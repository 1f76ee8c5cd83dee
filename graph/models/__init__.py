"""The models that may answer, and the chain that goes from one to the next until an answer is whole."""
