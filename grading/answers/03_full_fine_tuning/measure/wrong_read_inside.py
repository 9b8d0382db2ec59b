# hint: read_too_early
def measure(train, evaluate, device):
    with PeakMemory(device) as peak:
        start = time.perf_counter()
        model = train()
        seconds = time.perf_counter() - start
        megabytes = peak.bytes / 1e6
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    return {
        "seconds": seconds,
        "peak_mb": megabytes,
        "trained": trained,
        "share": trained / total,
        "accuracy": evaluate(model),
    }
