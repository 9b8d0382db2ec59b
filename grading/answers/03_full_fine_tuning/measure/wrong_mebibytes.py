# hint: mebibytes
def measure(train, evaluate, device):
    with PeakMemory(device) as peak:
        start = time.perf_counter()
        model = train()
    seconds = time.perf_counter() - start
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    return {
        "seconds": seconds,
        "peak_mb": peak.bytes / 1024**2,
        "trained": trained,
        "share": trained / total,
        "accuracy": evaluate(model),
    }
