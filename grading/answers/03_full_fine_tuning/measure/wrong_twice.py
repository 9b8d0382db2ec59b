# hint: trained_twice
def measure(train, evaluate, device):
    start = time.perf_counter()
    model = train()
    seconds = time.perf_counter() - start
    with PeakMemory(device) as peak:
        train()
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    return {
        "seconds": seconds,
        "peak_mb": peak.bytes / 1e6,
        "trained": trained,
        "share": trained / total,
        "accuracy": evaluate(model),
    }
