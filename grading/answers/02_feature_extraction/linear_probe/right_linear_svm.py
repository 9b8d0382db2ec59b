def linear_probe(features, labels):
    from sklearn.svm import LinearSVC

    return LinearSVC(C=0.1).fit(features, labels)
