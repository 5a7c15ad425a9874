"""The methods, a file a field; each function that is a calculator can be called from the command line by its name."""
