def best_row(rows):
    rows = sorted(rows, key=lambda row: row["accuracy"])
    limit = rows[-1]["accuracy"] - rows[-1]["spread"]
    good = [row for row in rows if row["accuracy"] >= limit]
    return sorted(good, key=lambda row: row["trained"])[0]
