def compute_metrics(prediction):
    predicted = np.argmax(prediction.predictions, axis=1)
    labels = prediction.label_ids
    missed = ((predicted == 0) & (labels == 1)).sum() / (labels == 1).sum()
    alarms = ((predicted == 1) & (labels == 0)).sum() / (labels == 0).sum()
    return {"accuracy": (predicted == labels).mean(), "missed": missed, "false_alarms": alarms}
