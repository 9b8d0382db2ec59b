# hint: times_too_much
def measure(train, evaluate, device):
    start = time.perf_counter()
    with PeakMemory(device) as peak:
        model = train()
    score = evaluate(model)
    seconds = time.perf_counter() - start
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    return {
        "seconds": seconds,
        "peak_mb": peak.bytes / 1e6,
        "trained": trained,
        "share": trained / total,
        "accuracy": score,
    }
