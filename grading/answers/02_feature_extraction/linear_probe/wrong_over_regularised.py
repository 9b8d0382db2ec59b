# hint: constant
def linear_probe(features, labels):
    return LogisticRegression(C=1e-6, max_iter=1000).fit(features, labels)
