"""Series: calendar and regular grid, single models, features of lags, weights from rolling origins, measures."""
