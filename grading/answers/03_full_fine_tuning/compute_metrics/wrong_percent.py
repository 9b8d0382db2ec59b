# hint: percent
def compute_metrics(prediction):
    labels = prediction.label_ids
    predicted = prediction.predictions.argmax(axis=-1)
    wrong = predicted != labels
    return {
        "accuracy": float(100 * (1 - wrong.mean())),
        "missed": float(100 * wrong[labels == 1].mean()),
        "false_alarms": float(100 * wrong[labels == 0].mean()),
    }
