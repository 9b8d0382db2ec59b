def linear_probe(features, labels):
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    probe.fit(features.numpy(), labels.numpy())
    return probe
