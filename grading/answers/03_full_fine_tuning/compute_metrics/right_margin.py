def compute_metrics(prediction):
    logits, labels = prediction
    injection = logits[:, 1] - logits[:, 0] > 0
    return {
        "accuracy": float(np.mean(injection == labels.astype(bool))),
        "missed": 1 - float(injection[labels == 1].mean()),
        "false_alarms": float(injection[labels == 0].mean()),
    }
