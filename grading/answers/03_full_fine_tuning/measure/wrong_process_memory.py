# hint: other_peak
def measure(train, evaluate, device):
    import resource

    start = time.perf_counter()
    model = train()
    seconds = time.perf_counter() - start
    process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    return {
        "seconds": seconds,
        "peak_mb": process / 1e6,
        "trained": trained,
        "share": trained / total,
        "accuracy": evaluate(model),
    }
