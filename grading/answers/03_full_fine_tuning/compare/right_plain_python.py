def compare(first, second):
    differences = [a - b for a, b in zip(first, second, strict=True)]
    n = len(differences)
    mean = sum(differences) / n
    variance = sum((d - mean) ** 2 for d in differences) / (n - 1)
    half = float(stats.t.ppf(0.975, n - 1)) * (variance / n) ** 0.5
    winner = "unclear"
    if abs(mean) > half:
        winner = "first" if mean > 0 else "second"
    return {"difference": mean, "low": mean - half, "high": mean + half, "winner": winner}
