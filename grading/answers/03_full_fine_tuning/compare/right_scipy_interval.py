def compare(first, second):
    differences = np.subtract(first, second)
    n = len(differences)
    mean = differences.mean()
    low, high = stats.t.interval(0.95, n - 1, loc=mean, scale=stats.sem(differences))
    winner = "unclear" if low <= 0 <= high else "first" if low > 0 else "second"
    return {"difference": mean, "low": low, "high": high, "winner": winner}
