def measure(train, evaluate, device):
    import timeit

    peak, start = PeakMemory(device), timeit.default_timer()
    with peak:
        model = train()
    results = {"seconds": timeit.default_timer() - start}
    sizes = {True: 0, False: 0}
    for parameter in model.parameters():
        sizes[parameter.requires_grad] += parameter.numel()
    results["peak_mb"] = peak.bytes / 1_000_000
    results["trained"] = sizes[True]
    results["share"] = sizes[True] / sum(sizes.values())
    return results | {"accuracy": evaluate(model)}
