# hint: not_fitted
def linear_probe(features, labels):
    return LogisticRegression(max_iter=1000)
