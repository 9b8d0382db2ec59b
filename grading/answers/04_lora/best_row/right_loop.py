def best_row(rows):
    best = rows[0]
    for row in rows:
        if row["accuracy"] > best["accuracy"]:
            best = row
    choice = best
    for row in rows:
        if row["accuracy"] >= best["accuracy"] - best["spread"] and row["trained"] < choice["trained"]:
            choice = row
    return choice
