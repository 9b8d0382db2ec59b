def compare(first, second):
    interval = stats.ttest_rel(first, second).confidence_interval(0.95)
    low, high = float(interval.low), float(interval.high)
    winner = "first" if low > 0 else "second" if high < 0 else "unclear"
    return {"difference": (low + high) / 2, "low": low, "high": high, "winner": winner}
