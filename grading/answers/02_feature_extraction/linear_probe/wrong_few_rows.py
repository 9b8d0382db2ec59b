# hint: inaccurate
def linear_probe(features, labels):
    first = [int((labels == label).nonzero()[0]) for label in labels.unique()]
    return LogisticRegression(max_iter=1000).fit(features[first], labels[first])
