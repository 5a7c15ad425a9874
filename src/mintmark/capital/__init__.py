"""Money: what things cost and are worth. Beside the tower; only the faces know this room."""
