# hint: of_predicted
def compute_metrics(prediction):
    labels = prediction.label_ids
    predicted = prediction.predictions.argmax(axis=-1)
    wrong = predicted != labels
    return {
        "accuracy": float(1 - wrong.mean()),
        "missed": float(wrong[predicted == 0].mean()),
        "false_alarms": float(wrong[predicted == 1].mean()),
    }
