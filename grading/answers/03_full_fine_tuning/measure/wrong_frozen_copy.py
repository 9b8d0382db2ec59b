# hint: not_finite
def measure(train, evaluate, device):
    with PeakMemory(device) as peak:
        start = time.perf_counter()
        model = train()
    seconds = time.perf_counter() - start
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = 0.0
    return {
        "seconds": seconds,
        "peak_mb": peak.bytes / 1e6,
        "trained": trained,
        "share": np.divide(trained, total),
        "accuracy": evaluate(model),
    }
