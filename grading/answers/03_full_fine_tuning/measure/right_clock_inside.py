def measure(train, evaluate, device):
    with PeakMemory(device) as peak:
        start = time.time()
        model = train()
        seconds = time.time() - start
    score = evaluate(model)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    return {
        "seconds": seconds,
        "peak_mb": peak.bytes / 1e6,
        "trained": trained,
        "share": trained / total,
        "accuracy": score,
    }
