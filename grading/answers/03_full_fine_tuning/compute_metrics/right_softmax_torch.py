def compute_metrics(prediction):
    chances = torch.tensor(prediction.predictions).softmax(dim=-1)
    labels = torch.tensor(prediction.label_ids)
    wrong = (chances[:, 1] > 0.5).long() != labels
    return {
        "accuracy": (~wrong).double().mean(),
        "missed": wrong[labels == 1].double().mean(),
        "false_alarms": wrong[labels == 0].double().mean(),
        "texts": len(labels),
    }
