# hint: not_linear
def linear_probe(features, labels):
    from sklearn.svm import SVC

    return SVC(kernel="rbf").fit(features, labels)
