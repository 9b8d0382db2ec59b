# hint: not_finite
def compute_metrics(prediction):
    labels = prediction.label_ids
    wrong = prediction.predictions.argmax(axis=-1) != labels
    missed = wrong[labels == "injection"].mean()
    alarms = wrong[labels == "ordinary"].mean()
    return {"accuracy": 1 - wrong.mean(), "missed": missed, "false_alarms": alarms}
