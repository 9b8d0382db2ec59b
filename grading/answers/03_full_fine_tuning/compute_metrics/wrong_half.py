# hint: value
def compute_metrics(prediction):
    labels = prediction.label_ids
    predicted = prediction.predictions.argmax(axis=-1)
    wrong = predicted != labels
    return {
        "accuracy": float(1 - wrong.mean()),
        "missed": float(wrong[labels == 1].mean()),
        "false_alarms": float(wrong[labels == 0].mean() / 2),
    }
