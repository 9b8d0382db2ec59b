# hint: not_a_number
def compute_metrics(prediction):
    labels = prediction.label_ids
    wrong = prediction.predictions.argmax(axis=-1) != labels
    return {"accuracy": ~wrong, "missed": wrong[labels == 1], "false_alarms": wrong[labels == 0]}
