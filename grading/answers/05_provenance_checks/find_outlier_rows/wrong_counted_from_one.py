# hint: value
def find_outlier_rows(table, limit):
    norms = table.norm(dim=1)
    distances = (norms - norms.median()).abs()
    rows = (distances > limit * 1.4826 * distances.median()).nonzero().flatten().tolist()
    return [row + 1 for row in rows]
